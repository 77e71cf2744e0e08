# SPDX-License-Identifier: GPL-2.0-or-later

.PHONY: setup
setup:
	scripts/setup
