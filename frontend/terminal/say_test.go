// SPDX-License-Identifier: GPL-2.0-or-later

package terminal

import (
	"bytes"
	"testing"
)

func TestMessage(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"so", "vmrr: so\n"},
		{"so\nand so\n", "vmrr: so\n      and so\n"},
	} {
		if got := message(c.text); got != c.want {
			t.Errorf("the message %q is shown as %q; want %q", c.text, got, c.want)
		}
	}
}

func TestMessagesBeginOnAFreshLine(t *testing.T) {
	for _, c := range []struct {
		output string
		same   bool
		want   string
	}{
		{"", true, "vmrr: so\nvmrr: so\n"},
		{"login: ", true, "\nvmrr: so\nvmrr: so\n"},
		{"booted\r\n", true, "vmrr: so\nvmrr: so\n"},
		{"booted\n\r", true, "\nvmrr: so\nvmrr: so\n"},
		{"login: ", false, "vmrr: so\nvmrr: so\n"},
	} {
		var err bytes.Buffer
		s := &screen{err: &err, same: func() bool { return c.same }}
		pending := func() { s.shown([]byte(c.output)) } // what the guest has just sent
		s.flush.Store(&pending)
		s.Write([]byte("vmrr: so\n"))
		s.flush.Store(nil)
		s.Write([]byte("vmrr: so\n"))
		if err.String() != c.want {
			t.Errorf("two messages behind the output %q, on the same screen: %v, are %q; want %q", c.output, c.same, err.String(), c.want)
		}
	}
}
