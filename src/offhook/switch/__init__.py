"""What holds of every switch that tells of its channels: who is who, which call, what each desk sees."""
