"""Operations of a deployment: alerts, orphaned runs, run retention, meeting retention, doctor."""
