#!/bin/sh
# Stands for sendmail: keeps a mail in a folder. What PHP adds to the command is left alone.
cat >"$(mktemp "$1/XXXXXXXX")"
