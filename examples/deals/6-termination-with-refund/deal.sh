export USANCE_ENVIRONMENT=termination
usance clock set 2024-12-12
usance company load ../../company.yaml
usance orders sign 1-initial.yaml --fulfil

usance clock move 2025-01-01
usance invoices approve --all
usance invoices issue --all
usance clock move 2025-01-13
usance payments record --entity halden-de --customer nordlicht --amount 29452.50 --currency EUR \
    --on 2025-01-13 --reference "statement 7, line 3" --remittance HDE-2025-00001

for day in 2025-04-01 2025-07-01; do
  usance clock move "$day"
  usance invoices approve --all
  usance invoices issue --all
done
usance clock move 2025-07-11
usance payments record --entity halden-de --customer nordlicht --amount 1785.00 --currency EUR \
    --on 2025-07-11 --reference "statement 131, line 1" --remittance "Q2 and Q3"

usance clock move 2025-07-30
usance orders sign 2-termination.yaml --fulfil
usance clock move 2025-08-15
usance invoices approve --all
note=$(usance invoices issue --all | cut -d " " -f 1)          # the id of the credit note
usance clock move 2025-08-20
refund=$(usance refunds credit-note "$note" | cut -d " " -f 1) # promised
usance refunds sent "$refund" --reference "statement 161, line 2"
