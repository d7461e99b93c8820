export USANCE_ENVIRONMENT=late
usance clock set 2024-12-12
usance company load ../../company.yaml
usance orders sign 1-initial.yaml --fulfil

usance clock move 2025-02-01
usance usage import usage-2025-01.csv
usance clock move 2025-02-04                        # after three days of hold
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-02-20
usance usage import late-january.csv                # after its invoice
usance clock move 2025-03-01
usance usage import usage-2025-02.csv
usance clock move 2025-03-03
usance usage import late-in-hold.csv                # within the hold: as if on time
usance clock move 2025-03-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-03-18
usance usage import reversal-february.csv           # 80,000 were 70,000
usance orders sign 2-amendment.yaml --fulfil
usance clock move 2025-04-01
usance usage import usage-2025-03.csv
usance clock move 2025-04-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-05-01
usance usage import usage-2025-04.csv
usance clock move 2025-05-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-05-22
usance usage import late-april.csv                  # REBILL now: a credit and a new invoice
usance clock move 2025-05-23
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-06-01
usance usage import usage-2025-05.csv
usance clock move 2025-06-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-07-01
usance usage import usage-2025-06.csv
usance clock move 2025-07-04
usance invoices approve --all
usance invoices issue --all
