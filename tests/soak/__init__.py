"""Hours of use in minutes: people come, talk, fall silent and come back; what that costs must not grow with time."""
