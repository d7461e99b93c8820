export USANCE_ENVIRONMENT=renewal
usance clock set 2024-12-18
usance company load ../../company.yaml
usance orders sign 1-initial.yaml --fulfil
for day in 2025-01-01 2025-04-01 2025-07-01; do
  usance clock move "$day"
  usance invoices approve --all
  usance invoices issue --all
done

usance clock move 2025-08-20
usance orders sign 2-renewal.yaml --fulfil
for day in 2025-09-01 2025-10-01 2025-12-01 2026-03-01 2026-06-01 2026-09-01 2026-12-01 2027-03-01 2027-06-01; do
  usance clock move "$day"
  usance invoices approve --all
  usance invoices issue --all
done
usance clock move 2027-09-01
