export USANCE_ENVIRONMENT=two-entities
usance clock set 2024-12-09
usance company load ../../company.yaml
usance orders sign germany.yaml --fulfil
usance clock move 2025-01-01
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-02-03
usance orders sign america.yaml --fulfil
for day in 2025-02-15 2025-04-01 2025-07-01 2025-10-01; do
  usance clock move "$day"
  usance invoices approve --all
  usance invoices issue --all
done

usance clock move 2025-10-20
usance payments record --entity halden-de --customer nordlicht --amount 12423.60 --currency EUR \
    --on 2025-10-20 --reference "statement 201, line 4" --remittance "Q1 to Q3"
usance payments record --entity halden-us --customer nordlicht --amount 11250.00 --currency USD \
    --on 2025-10-20 --reference "wire 88213" --remittance "us-east until September"
usance clock move 2026-01-01
