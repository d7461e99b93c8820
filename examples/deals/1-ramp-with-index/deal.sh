export USANCE_ENVIRONMENT=ramp
usance clock set 2021-12-08
usance company load ../../company.yaml
usance orders sign order.yaml --fulfil

usance clock move 2022-01-01
usance invoices approve --all
usance invoices issue --all

usance clock move 2022-12-13                        # November's figure is published
usance indices import cpi-2022.csv --series CPI-U
usance clock move 2023-01-01
usance invoices approve --all
usance invoices issue --all

usance clock move 2023-12-12
usance indices import cpi-2023.csv --series CPI-U
usance clock move 2024-01-01
usance invoices approve --all
usance invoices issue --all

usance clock move 2025-01-01                        # the end: nothing more is due
