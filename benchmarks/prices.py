"""List prices of AWS in us-east-1, in US dollars, as of November 2026, for ``benchmarks.cost``.

AWS's own pages load most prices by script, so each price names AWS's page and the page where it was
read. Look them up before you plan with them.
"""

from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """A list price in dollars per unit, AWS's page for it, and the page where it was read."""

    dollars: float
    unit: str
    page: str
    read_at: str


AWS = "https://aws.amazon.com"
AWS_DOCS = "https://docs.aws.amazon.com"
CLOUDFRONT = f"{AWS}/cloudfront/pricing/"
CLOUDWATCH = f"{AWS}/cloudwatch/pricing/"
S3 = f"{AWS}/s3/pricing/"
S3_READ_AT = (
    "https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples"
)
CLOUDFRONT_READ_AT = "https://wring.co/blog/aws-cloudfront-pricing-guide"
WAF_READ_AT = "https://c3x.dev/blog/aws-waf-cost-explained/"
KEY_VALUE_READ_AT = (
    "https://github.com/rabidaudio/rabid.audio/blob/47afba078b6f0f3ba979fafae649e200c6b13af1/"
    "src/_posts/2026-03-27-introducing-chicy-online.md"
)

PRICES = {
    "lambda_arm_gb_second": Price(
        0.0000133334,
        "GB-second, arm64",
        f"{AWS}/lambda/pricing/",
        "https://cloudchipr.com/blog/aws-lambda-pricing",
    ),
    "lambda_request": Price(
        0.20 / MILLION,
        "request of Lambda",
        f"{AWS}/lambda/pricing/",
        "https://gist.github.com/allenheltondev/d028926b7fe3b0656c96af9140ab55e3",
    ),
    "http_api_request": Price(
        1.00 / MILLION,
        "request of an HTTP API, each 512 KB of it",
        f"{AWS}/api-gateway/pricing/",
        "https://www.apigatewaycost.com/aws",
    ),
    "dynamodb_read": Price(
        0.125 / MILLION,
        "strongly consistent read of 4 KB",
        f"{AWS}/dynamodb/pricing/",
        "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    ),
    "s3_get": Price(0.40 / MILLION, "GET", S3, S3_READ_AT),
    "s3_put": Price(5.00 / MILLION, "PUT", S3, S3_READ_AT),
    "s3_transfer_gb": Price(0.09, "GB out of S3", S3, CLOUDFRONT_READ_AT),
    "cloudfront_request": Price(
        1.00 / MILLION, "HTTPS request of CloudFront", CLOUDFRONT, CLOUDFRONT_READ_AT
    ),
    "cloudfront_function": Price(
        0.10 / MILLION,
        "call of a CloudFront Function",
        CLOUDFRONT,
        "https://cur.vantage.sh/aws/amazoncloudfront/",
    ),
    "key_value_read": Price(
        0.03 / MILLION, "read of a CloudFront key value store", CLOUDFRONT, KEY_VALUE_READ_AT
    ),
    "cloudfront_transfer_gb": Price(0.085, "GB out of CloudFront", CLOUDFRONT, CLOUDFRONT),
    "invalidation_path": Price(
        0.005,
        "path of an invalidation, above 1,000 a month",
        CLOUDFRONT,
        f"{AWS_DOCS}/whitepapers/latest/how-aws-pricing-works/cloudfront.html",
    ),
    "logs_gb": Price(
        0.50,
        "GB of logs",
        CLOUDWATCH,
        "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    ),
    "metric_month": Price(
        0.30, "custom metric, a month", CLOUDWATCH, "https://signoz.io/guides/cloudwatch-pricing"
    ),
    "alarm_month": Price(
        0.10,
        "metric of an alarm, a month",
        CLOUDWATCH,
        "https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
    ),
    "secret_month": Price(
        0.40,
        "secret, a month",
        f"{AWS}/secrets-manager/pricing/",
        "https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms",
    ),
    "firewall_month": Price(
        7.00, "web ACL with two rules, a month", f"{AWS}/waf/pricing/", WAF_READ_AT
    ),
    "firewall_request": Price(
        0.60 / MILLION, "request that a web ACL looks at", f"{AWS}/waf/pricing/", WAF_READ_AT
    ),
    "machine_month": Price(
        12.00,
        "virtual machine of 2 GB, a month",
        f"{AWS}/lightsail/pricing/",
        f"{AWS_DOCS}/lightsail/latest/userguide/baseline-cpu-performance.html",
    ),
}


def dollars(name: str) -> float:
    """A price in dollars per unit."""
    return PRICES[name].dollars
