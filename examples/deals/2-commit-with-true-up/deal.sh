export USANCE_ENVIRONMENT=commit
usance clock set 2024-12-11
usance company load ../../company.yaml
usance orders sign order.yaml --fulfil

usance clock move 2025-01-31
usance usage import usage/2025-01.csv
for month in 02 03 04 05 06 07 08 09 10 11 12; do
  usance clock move "2025-$month-01"                # bills the month before
  usance invoices approve --all
  usance invoices issue --all
  usance clock move "2025-$month-28"
  usance usage import "usage/2025-$month.csv"
done
usance clock move 2026-01-01
usance invoices approve --all
usance invoices issue --all
