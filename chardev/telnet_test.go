// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"bytes"
	"testing"
)

// decoded runs bytes through a filter, in pieces of n.
func decoded(in []byte, n int) (data, replies []byte) {
	var f telnetFilter
	for len(in) > 0 {
		k := min(n, len(in))
		data = append(data, f.decode(nil, in[:k], func(b ...byte) { replies = append(replies, b...) })...)
		in = in[k:]
	}
	return data, replies
}

func TestTelnetFilter(t *testing.T) {
	for _, c := range []struct{ what, in, data, replies string }{
		{"data", "info status\n", "info status\n", ""},
		{"an escaped IAC", "a\xff\xffb", "a\xffb", ""},
		{"CR LF", "a\r\nb", "a\rb", ""},
		{"CR NUL", "a\r\x00b", "a\rb", ""},
		{"CR alone", "a\rb\r\r", "a\rb\r\r", ""},
		{"CR NUL in binary", "\xff\xfb\x00a\r\x00", "a\r\x00", ""},
		{"CR NUL when binary ended", "\xff\xfb\x00\xff\xfc\x00a\r\x00", "a\r", ""},
		{"agreement", "\xff\xfd\x00\xff\xfd\x01\xff\xfd\x03\xff\xfe\x01", "", ""},
		{"wishes", "\xff\xfd\x05x\xff\xfb\x18y", "xy", "\xff\xfc\x05\xff\xfe\x18"},
		{"refusals", "\xff\xfc\x18\xff\xfe\x05", "", ""},
		{"subnegotiation", "a\xff\xfa\x18\x00xterm\xff\xff\xff\xf0b", "ab", ""},
		{"other commands", "a\xff\xf1\xff\xf6b", "ab", ""},
		{"a command behind CR", "a\r\xff\xf1b", "a\rb", ""},
		{"an end within a command", "a\xff", "a", ""},
	} {
		for _, n := range []int{1, 2, 1000} {
			data, replies := decoded([]byte(c.in), n)
			if string(data) != c.data || string(replies) != c.replies {
				t.Errorf("%s: %q in pieces of %d gives %q, answered by %q; want %q and %q", c.what, c.in, n, data, replies, c.data, c.replies)
			}
		}
	}
}

func FuzzTelnetFilter(f *testing.F) {
	f.Add([]byte("a\xff\xfa\x18\xff\xf0\r\n\xff\xfb\x00\xff\xff"), 3)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		data, replies := decoded(in, 1000)
		if len(data)+len(replies) > len(in) {
			t.Errorf("%q gives %q and the answers %q: more than came in", in, data, replies)
		}
		pieces, answers := decoded(in, max(n, 1))
		if !bytes.Equal(pieces, data) || !bytes.Equal(answers, replies) {
			t.Errorf("%q in pieces of %d gives %q, %q; at once %q, %q", in, n, pieces, answers, data, replies)
		}
	})
}
