"""What all surfaces share: who calls, what is asked, how errors and answers are written."""
