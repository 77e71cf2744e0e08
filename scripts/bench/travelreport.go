// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// travelRows are what is timed, and what is wanted of it.
var travelRows = []struct{ op, target string }{
	{opFirst, "<= 150 ms"},
	{opStep, "p50 <= 1 ms, p99 <= 20 ms"},
	{opFinish, "<= 50 ms"},
	{opBreak, "<= 50 ms"},
	{opWatch, "<= 200 ms"},
	{opFar, "see below"},
	{opSeek, "p50 <= 150 ms"},
	{opWhole, ""},
	{opReplay, ""},
}

// reportTravel prints how long a debugger waits.
func reportTravel(out io.Writer, results map[string][]result) {
	fmt.Fprintf(out, "\nGoing back in a replay, from a debugger's packet to its answer, at random places of the kernel's boot;\n"+
		"what is looked for was last met at most %d instructions back. QEMU / vmrr of medians.\n\n", back)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "operation\tQEMU / vmrr\tvmrr p50, ms\tp90\tp99\tworst\tn\tQEMU p50, ms\tworst\tn\twanted")
	of := func(mode, op string) spread {
		return all(results[mode], func(r result) (v []float64) {
			for _, trip := range r.trips {
				if trip.op == op {
					v = append(v, trip.took)
				}
			}
			return v
		})
	}
	for _, row := range travelRows {
		ours, theirs := of(vmrrDebug, row.op), of(qemuDebug, row.op)
		if ours.n == 0 {
			continue
		}
		rival, ratio := "-\t-\t0", ""
		if theirs.n > 0 {
			rival = fmt.Sprintf("%.1f\t%.1f\t%d", theirs.median, theirs.max, theirs.n)
			ratio = times(theirs.median, ours.median)
		}
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%s\t%s\n", row.op, ratio, ours.median, ours.p90, ours.p99, ours.max, ours.n, rival, row.target)
	}
	t.Flush()
	reportFar(out, results[vmrrDebug])
	whole, replay := of(vmrrDebug, opWhole), of(vmrrDebug, opReplay)
	if whole.n > 0 && replay.n > 0 {
		fmt.Fprintf(out, "\nreverse-continue over all without a hit / one replay: %.2f (wanted <= 1.2 on one processor, 0.7 on two)\n", whole.median/replay.median)
	}
}

// reportFar prints how long the past is searched where a hit is far back, beside another
// replay that runs forward over the same instructions.
func reportFar(out io.Writer, results []result) {
	var far []trip
	for _, r := range results {
		for _, t := range r.trips {
			if r.err == nil && t.op == opFar && t.forward > 0 {
				far = append(far, t)
			}
		}
	}
	if len(far) == 0 {
		return
	}
	of := func(f func(trip) float64) spread {
		var v []float64
		for _, t := range far {
			v = append(v, f(t))
		}
		return spreadOf(v)
	}
	longer := func(t trip) float64 { return t.took - t.forward/0.8 }
	over, ratio := of(longer), of(func(t trip) float64 { return t.took / t.forward })
	distance := of(func(t trip) float64 { return float64(t.distance()) / 1e6 })
	within := len(slices.DeleteFunc(slices.Clone(far), func(t trip) bool { return longer(t) > 50 }))
	fmt.Fprintf(out, "\nA hit farther back, here %.1f to %.0f million instructions: what the search takes longer than another replay that runs\n"+
		"forward over the same instructions, at 0.8 of its speed, is, in ms, p50 %.0f, p90 %.0f, worst %.0f; wanted are 50 at most, and %d\n"+
		"of %d are. search / forward: p50 %.2f.\n",
		distance.min, distance.max, over.median, over.p90, over.max, within, len(far), ratio.median)
}
