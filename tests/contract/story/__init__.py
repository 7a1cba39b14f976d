"""What users' scripts do, with the published client and nothing of ours, part by part."""
