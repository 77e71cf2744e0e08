// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/vmrr/vmrr/replay"
)

// OriginName is the name of the state in which a recording begins that goes on from
// another one. It stays what it is.
const OriginName = "origin"

// count is what is read as a number of instructions where an instant is named, by a
// count or by a snapshot.
var count = regexp.MustCompile(`^([0-9]+)(?:(?:\.([0-9]+))?([KMGTkmgt]))?$`)

// ParseCount reads a number of instructions: digits, or a decimal number of thousands
// (K), millions (M), billions (G) or trillions (T), as 250M or 7.2G.
func ParseCount(s string) (uint64, error) {
	if m := count.FindStringSubmatch(s); m != nil {
		whole, fraction, digits := m[1], m[2], 0
		if m[3] != "" {
			digits = 3 * (1 + strings.Index("KMGT", strings.ToUpper(m[3])))
		}
		if len(fraction) <= digits {
			zeros := strings.Repeat("0", digits-len(fraction))
			if n, err := strconv.ParseUint(whole+fraction+zeros, 10, 64); err == nil {
				return n, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no number of instructions: want one as 1500000, 250M or 7.2G", s)
}

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
