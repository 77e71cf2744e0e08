// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"testing"
)

// One failure is told once, however many say it; none gets lost.
func TestAlso(t *testing.T) {
	full, slow := errors.New("the disk is full"), errors.New("the log is behind")
	for _, c := range []struct {
		err, more error
		want      string
	}{
		{nil, nil, "<nil>"},
		{full, nil, "the disk is full"},
		{nil, full, "the disk is full"},
		{full, full, "the disk is full"},
		{fmt.Errorf("keeping: %w", full), errors.Join(full, full), "keeping: the disk is full"},
		{full, errors.Join(slow, full), "the disk is full\nthe log is behind"},
		{nil, errors.Join(errors.Join(full), errors.Join(full, slow)), "the disk is full\nthe log is behind"},
	} {
		if got := fmt.Sprint(also(c.err, c.more)); got != c.want {
			t.Errorf("also(%v, %v) = %q; want %q", c.err, c.more, got, c.want)
		}
	}
}
