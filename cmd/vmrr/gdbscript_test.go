// SPDX-License-Identifier: GPL-2.0-or-later

package main

import "testing"

func TestGDBTexts(t *testing.T) {
	for _, c := range []struct{ in, word, echo string }{
		{"/tmp/a", "/tmp/a", "/tmp/a"},
		{`/a b/"c"\d`, `/a\ b/\"c\"\\d`, `/a b/"c"\\d`},
		{"it's", `it\'s`, "it's"},
		{"two\nlines", "two\nlines", "two?lines"},
	} {
		if got := gdbWord(c.in); got != c.word {
			t.Errorf("gdbWord(%q) = %q; want %q", c.in, got, c.word)
		}
		if got := echoText(c.in); got != c.echo {
			t.Errorf("echoText(%q) = %q; want %q", c.in, got, c.echo)
		}
	}
}
