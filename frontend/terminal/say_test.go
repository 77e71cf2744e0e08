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

func TestHeldMessages(t *testing.T) {
	var err bytes.Buffer
	s := &screen{err: &err, same: func() bool { return false }}
	release := s.holdBack()
	s.Write([]byte("vmrr: one\n"))
	s.Write([]byte("vmrr: two\n"))
	s.Write(make([]byte, maxHeld)) // too much: it is lost
	if err.Len() > 0 {
		t.Errorf("while messages are held %q is shown; want nothing", err.String())
	}
	release()
	s.Write([]byte("vmrr: three\n"))
	if want := "vmrr: one\nvmrr: two\nvmrr: three\n"; err.String() != want {
		t.Errorf("after two messages that were held and one that was not %q is shown; want %q", err.String(), want)
	}
}
