"""Questions for a running stack.

``client``     asks
``checks``     what rows expect of responses
``rows``       what every stack must answer
``edge_rows``  what CloudFront must do with its functions
"""
