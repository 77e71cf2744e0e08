// SPDX-License-Identifier: GPL-2.0-or-later

package testguest

import (
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/machine/diff"
)

// Diff says in what two machines differ, one difference a line; it is empty if
// their states are equal.
func Diff(got, want *machine.Machine) string {
	list, err := diff.Compare(want, diff.Of(want), diff.Of(got))
	if err != nil {
		return err.Error()
	}
	return list.String()
}
