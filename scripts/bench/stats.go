// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"math"
	"slices"
)

// spread is a median with the range around it.
type spread struct {
	n                          int
	min, median, p90, p99, max float64
}

func spreadOf(values []float64) spread {
	n := len(values)
	if n == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	at := func(part float64) float64 { return v[int(math.Ceil(part*float64(n)))-1] }
	return spread{n, v[0], (v[(n-1)/2] + v[n/2]) / 2, at(0.9), at(0.99), v[n-1]}
}

// scaled returns the spread in another unit.
func (s spread) scaled(by float64) spread {
	return spread{s.n, s.min * by, s.median * by, s.p90 * by, s.p99 * by, s.max * by}
}

func (s spread) format(digits int) string {
	if s.n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f (%.*f-%.*f)", digits, s.median, digits, s.min, digits, s.max)
}

func failures(rs []result) (n int) {
	for _, r := range rs {
		if r.err != nil {
			n++
		}
	}
	return n
}

// of collects a value of every run that did not fail.
func of(rs []result, f func(result) float64) spread {
	return all(rs, func(r result) []float64 { return []float64{f(r)} })
}

// all collects the values of every run that did not fail.
func all(rs []result, f func(result) []float64) spread {
	var v []float64
	for _, r := range rs {
		if r.err == nil {
			v = append(v, f(r)...)
		}
	}
	return spreadOf(v)
}

// counts collects the instruction counts that are known.
func counts(rs []result) spread {
	return all(rs, func(r result) []float64 {
		if r.icount == 0 {
			return nil
		}
		return []float64{float64(r.icount)}
	})
}

// byRound compares runs of the same round, so that what slows a whole round down
// cancels out. f is called where none of them failed.
func byRound(f func(round []result) float64, runs ...[]result) spread {
	var v []float64
	for i := range runs[0] {
		var round []result
		for _, rs := range runs {
			if i < len(rs) && rs[i].err == nil {
				round = append(round, rs[i])
			}
		}
		if len(round) == len(runs) {
			v = append(v, f(round))
		}
	}
	return spreadOf(v)
}

// ratio compares a stretch of two modes.
func ratio(a, b []result, stretch func(result) cost) (cpu, wall spread) {
	cpu = byRound(func(r []result) float64 { return stretch(r[0]).cpu / stretch(r[1]).cpu }, a, b)
	wall = byRound(func(r []result) float64 { return stretch(r[0]).wall / stretch(r[1]).wall }, a, b)
	return cpu, wall
}
