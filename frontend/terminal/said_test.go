// SPDX-License-Identifier: GPL-2.0-or-later

package terminal

import (
	"errors"
	"testing"
)

func TestUnsaid(t *testing.T) {
	known, news := errors.New("known"), errors.New("news")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{news, "news"},
		{Said(known), ""},
		{errors.Join(Said(known), news), "news"},
		{errors.Join(Said(known), Said(known)), ""},
	} {
		got := ""
		if err := Unsaid(c.err); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("what is unsaid of %q is %q; want %q", c.err, got, c.want)
		}
	}
	if !errors.Is(Said(known), known) {
		t.Error("an error that was said is another error")
	}
}
