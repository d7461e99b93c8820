export USANCE_ENVIRONMENT=expansion
usance clock set 2024-12-16
usance company load ../../company.yaml
usance orders sign 1-initial.yaml --fulfil
usance clock move 2025-01-01
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-11-12
usance orders sign 2-expansion.yaml --fulfil
for day in 2025-11-16 2026-01-01 2027-01-01; do
  usance clock move "$day"
  usance invoices approve --all
  usance invoices issue --all
done
