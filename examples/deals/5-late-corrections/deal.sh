export USANCE_ENVIRONMENT=late
usance clock set 2024-12-12
usance company load ../../company.yaml
usance orders sign 1-initial.yaml --fulfil

usance clock move 2025-02-01
usance usage import usage/2025-01.csv
usance clock move 2025-02-04                        # the hold of three days is over
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-02-20
usance usage import usage/late-january.csv          # 25,000 calls, after their invoice
usance clock move 2025-03-01
usance usage import usage/2025-02.csv
usance clock move 2025-03-02
usance usage import usage/late-in-hold.csv          # within the hold: as if on time
usance clock move 2025-03-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-03-18
usance usage import usage/reversal-february.csv     # 80,000 calls were only 70,000
usance clock move 2025-04-01
usance usage import usage/2025-03.csv
usance clock move 2025-04-04
usance invoices approve --all
usance invoices issue --all

usance orders sign 2-amendment.yaml --fulfil        # late usage is rebilled from now on
usance clock move 2025-05-01
usance usage import usage/2025-04.csv
usance clock move 2025-05-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-05-22
usance usage import usage/late-april.csv            # 20,000 calls, after their invoice
usance clock move 2025-05-23
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-06-01
usance usage import usage/2025-05.csv
usance clock move 2025-06-04
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-07-01
usance usage import usage/2025-06.csv
usance clock move 2025-07-04
usance invoices approve --all
usance invoices issue --all
