// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"slices"
	"testing"
)

func TestSpread(t *testing.T) {
	upTo := func(n int) (v []float64) {
		for i := n; i > 0; i-- {
			v = append(v, float64(i))
		}
		return v
	}
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{upTo(1), spread{1, 1, 1, 1, 1, 1}},
		{upTo(4), spread{4, 1, 2.5, 4, 4, 4}},
		{upTo(10), spread{10, 1, 5.5, 9, 10, 10}},
		{upTo(15), spread{15, 1, 8, 14, 15, 15}},
		{upTo(200), spread{200, 1, 100.5, 180, 198, 200}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("spreadOf(%v) = %+v; want %+v", c.values, got, c.want)
		}
	}
}

func TestByRound(t *testing.T) {
	run := func(cpu float64) result { return result{process: cost{cpu: cpu}} }
	failed := result{err: errors.New("failed")}
	a, b := []result{run(3), failed, run(8), run(9)}, []result{run(1), run(2), run(2)}
	got := byRound(func(r []result) float64 { return r[0].process.cpu / r[1].process.cpu }, a, b)
	if want := spreadOf([]float64{3, 4}); got != want {
		t.Errorf("of rounds 1 and 3, which did not fail: byRound = %+v; want %+v", got, want)
	}
}

func TestParseNamed(t *testing.T) {
	const list = "" +
		"ICOUNT               VIRTUAL TIME        NEW PAGES    ON DISK       NAME\n" +
		"250000000            2s                       2725    9.8 MiB           \n" +
		"913870830            7.31096664s                 7     13 KiB     saved3\n" +
		"913870831            7.31096664s                 7     13 KiB     other3\n" +
		"1076044776           8.608358208s                7    1.5 MiB    saved10\n" +
		"1076044777           8.608358208s                0        0 B    saved11\n"
	want := []float64{13 << 10, 1.5 * (1 << 20), 0}
	if got := parseNamed([]byte(list)); !slices.Equal(got, want) {
		t.Errorf("parseNamed(\n%s) = %v; want %v", list, got, want)
	}
}

func TestWithoutEcho(t *testing.T) {
	for answer, want := range map[string]string{
		"savevm a\r\n":                                           "",
		"l\x1b[K\x1b[Dlo\x1b[K\r\nError: no\r\n":                 "Error: no",
		"info status\r\nVM status: running\r\nand more text\r\n": "VM status: running\r\nand more text",
	} {
		if got := withoutEcho([]byte(answer)); got != want {
			t.Errorf("withoutEcho(%q) = %q; want %q", answer, got, want)
		}
	}
}
