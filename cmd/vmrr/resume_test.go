// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"testing"

	"github.com/vmrr/vmrr/timeline"
)

// `vmrr resume DIR@WORD` takes each name that a snapshot can be given for a name.
func TestPlaceOfSnapshot(t *testing.T) {
	for _, word := range []string{"init", "1.5", "0x10", "10MB", "M", "1-", "0", "123", "250M", "250m", "7k", "1G", "2t"} {
		named := timeline.CheckName(word) == nil
		p, err := parsePlace("rec@" + word)
		if err != nil || (p.name == word) != named {
			t.Errorf("rec@%s is %+v, error %v; a snapshot can have that name: %v", word, p, err, named)
		}
	}
}
