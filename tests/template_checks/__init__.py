"""What a linter cannot know of template.yaml: that it fits the code, and that it gives away
nothing.

Each check takes a parsed template and yields what is wrong with it, in words. The template must
have no such fault; with a variable, a permission or a route taken out it must have one.

``reading``      a parsed template: its functions, their roles and what these allow
``functions``    handlers, routes, variables, limits
``permissions``  what the functions may do, and where they log
``data``         the bucket and the table
``interface``    parameters, outputs, the contents of the file
``edge``         CloudFront: caches, origins, firewall
``deployment``   building, naming and publishing a stack, and its alarms
"""
