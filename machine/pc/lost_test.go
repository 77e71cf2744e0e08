// SPDX-License-Identifier: GPL-2.0-or-later

package pc

import (
	"bytes"
	"log/slog"
	"testing"
)

// A flood of input that a guest does not read is told of now and then.
func TestLostInputIsToldOfSparingly(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	p := &PC{}
	p.lost(1, 3)
	for range 10_000 {
		p.lost(0, 7)
	}
	lines := bytes.Count(log.Bytes(), []byte("\n"))
	first, last := []byte("port=1 bytes=3\n"), []byte("port=0 bytes=57344\n") // 7 << 13
	if lines != 1+14 || !bytes.Contains(log.Bytes(), first) || !bytes.HasSuffix(log.Bytes(), last) {
		t.Errorf("10000 losses of 7 bytes are told of in %d lines:\n%s\nwant 15, from %q to %q", lines, &log, first, last)
	}
}
