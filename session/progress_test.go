// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	type told struct {
		after  time.Duration
		at, to uint64
	}
	const s = time.Second
	for _, test := range []struct {
		name string
		told []told
		want []string
	}{
		{"soon over", []told{{0, 1, 100}, {s, 50, 100}, {s / 2, 99, 100}, {s, 1, 1}}, nil},
		{"nothing looked through yet", []told{{0, 0, 100}, {3 * s, 0, 100}}, nil},
		{"long", []told{{0, 0, 7.2e9}, {s, 1e9, 7.2e9}, {2 * s, 2.4e9, 7.2e9}, {s, 3e9, 7.2e9}, {2 * s, 7.1e9, 7.2e9}, {3 * s, 1, 1}},
			[]string{"Looked through 2.4G of 7.2G instructions, about 6s more if nothing is found; Ctrl-C goes back.", "Looked through 7.1G of 7.2G instructions, about 1s more if nothing is found; Ctrl-C goes back."}},
	} {
		var out strings.Builder
		clock := time.Unix(0, 0)
		p := progress{out: &out, now: func() time.Time { return clock }}
		for _, n := range test.told {
			clock = clock.Add(n.after)
			p.tell(n.at, n.to)
		}
		want := strings.Join(test.want, "\n")
		if got := strings.TrimSuffix(out.String(), "\n"); got != want {
			t.Errorf("%s: told %v: got %q, want %q", test.name, test.told, got, want)
		}
	}
}
