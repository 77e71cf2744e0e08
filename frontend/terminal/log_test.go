// SPDX-License-Identifier: GPL-2.0-or-later

package terminal

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
)

func TestLog(t *testing.T) {
	var got []string
	l := slog.New(&handler{say: func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }})
	l.Debug("gdb attached")
	l.Warn("a snapshot is left out", "err", errors.New("100% damaged"))
	l.Warn("input lost", "port", 1, "bytes", 20)
	l.With("port", 1).Error("a connection was not accepted", "err", errors.New("too many files"), "at", "/tmp/s")
	want := []string{"a snapshot is left out: 100% damaged", "input lost (port 1, bytes 20)",
		"a connection was not accepted (port 1, at /tmp/s): too many files"}
	if !slices.Equal(got, want) {
		t.Errorf("the user is told %q; want %q", got, want)
	}
}
