"""An offline AWS with the workflow deployed in it. The services are in aws/."""
