// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// count is what is read as a number of instructions where an instant is named, by a
// count or by a snapshot: on the command line and in a monitor.
var count = regexp.MustCompile(`^(?:0[xX]([0-9a-fA-F]+)|([0-9]+)(?:(?:\.([0-9]+))?([KMGTkmgt]))?)$`)

// ParseCount reads a number of instructions: decimal digits, a decimal number of
// thousands (K), millions (M), billions (G) or trillions (T), as 250M or 7.2G, or
// hexadecimal digits behind 0x.
func ParseCount(s string) (uint64, error) {
	digits, base := "", 10
	switch m := count.FindStringSubmatch(s); {
	case m == nil:
	case m[1] != "":
		digits, base = m[1], 16
	default:
		digits = scaled(m[2], m[3], m[4])
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of instructions: want one as 1500000, 250M or 7.2G", s)
	}
	return n, nil
}

// scaled returns the digits of a decimal number of a unit; "" if it is not a whole one.
func scaled(whole, fraction, unit string) string {
	zeros := -len(fraction)
	if unit != "" {
		zeros += 3 * (1 + strings.Index("KMGT", strings.ToUpper(unit)))
	}
	if zeros < 0 {
		return ""
	}
	return whole + fraction + strings.Repeat("0", zeros)
}
