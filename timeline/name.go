// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"fmt"

	"github.com/vmrr/vmrr/replay"
)

// OriginName is the name of the state in which a recording begins that goes on from
// another one. It stays what it is.
const OriginName = "origin"

// CheckName refuses a name for a new snapshot: one that a recording cannot have, that
// of its origin, and one that would be taken for an instruction count.
func CheckName(name string) error {
	switch {
	case name == OriginName:
		return fmt.Errorf("the snapshot name %q is taken: it is that of the state in which a recording begins", name)
	case count.MatchString(name):
		return fmt.Errorf("the snapshot name %q would be taken for an instruction count: want one that is no number", name)
	}
	if err := replay.CheckName(name); err != nil {
		return fmt.Errorf("the snapshot name is not allowed: %w", err)
	}
	return nil
}
