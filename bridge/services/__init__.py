"""What the bridge does, one verb a file. No Flask, no click, no SQL text."""
