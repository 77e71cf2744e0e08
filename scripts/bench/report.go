// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// spread is a median with the range around it.
type spread struct {
	n                int
	min, median, max float64
}

func spreadOf(values []float64) spread {
	n := len(values)
	if n == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	return spread{n, v[0], (v[(n-1)/2] + v[n/2]) / 2, v[n-1]}
}

func (s spread) format(digits int) string {
	if s.n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f (%.*f-%.*f)", digits, s.median, digits, s.min, digits, s.max)
}

// ratios are the comparisons made, the first by the second. Each is made within
// a round, so that what slows a whole round down cancels out.
var ratios = []struct{ a, b string }{
	{vmrrRecord, vmrrRun},
	{vmrrReplay, vmrrRecord},
	{qemuReplay, qemuRecord},
	{qemuRun, vmrrRun},
	{qemuRecord, vmrrRecord},
	{qemuReplay, vmrrReplay},
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
	var v []float64
	for _, r := range rs {
		if r.err == nil {
			v = append(v, f(r))
		}
	}
	return spreadOf(v)
}

func report(out io.Writer, o options, modes []mode, results map[string][]result) {
	fmt.Fprintf(out, "Medians (least-most) of %d rounds, shift=%d, %s of RAM.\n\n", o.rounds, o.shift, o.memory)
	fmt.Fprintf(out, "Ratios; above 1, the first one takes longer. whole: from the start of the process to\n"+
		"%s; kernel: from the line %q, without the unpacking of the kernel.\n\n", lastLine, firstLine)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ratio\twhole, CPU time\twhole, wall time\tkernel, CPU time\tkernel, wall time")
	whole, kernel := func(r result) cost { return r.total }, func(r result) cost { return r.kernel }
	for _, q := range ratios {
		wholeCPU, wholeWall := ratio(results[q.a], results[q.b], whole)
		kernelCPU, kernelWall := ratio(results[q.a], results[q.b], kernel)
		if wholeCPU.n > 0 {
			fmt.Fprintf(t, "%s / %s\t%s\t%s\t%s\t%s\n", q.a, q.b, wholeCPU.format(2), wholeWall.format(2),
				kernelCPU.format(2), kernelWall.format(2))
		}
	}
	t.Flush()
	fmt.Fprint(out, "\nQEMU's record and replay wait in host time while the guest sleeps; the others do not.\n\n")
	fmt.Fprintln(t, "run\tkernel, CPU s\tkernel, wall s\twhole, CPU s\twhole, wall s\tM instructions\tM instr./s, whole\tfailed")
	for _, m := range modes {
		rs := results[m.name]
		count, source := counts(rs), ""
		if count.n == 0 { // the same guest; both emulators tell the count of a recording only
			count = counts(results[map[string]string{vmrrRun: vmrrRecord, qemuRun: qemuRecord}[m.name]])
			source = "about "
		}
		speed := of(rs, func(r result) float64 { return count.median / r.total.wall / 1e6 })
		instructions, rate := "-", "-"
		if count.median > 0 {
			instructions, rate = fmt.Sprintf("%s%.0f", source, count.median/1e6), speed.format(0)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d of %d\n", m.name,
			of(rs, func(r result) float64 { return r.kernel.cpu }).format(2),
			of(rs, func(r result) float64 { return r.kernel.wall }).format(2),
			of(rs, func(r result) float64 { return r.total.cpu }).format(2),
			of(rs, func(r result) float64 { return r.total.wall }).format(2),
			instructions, rate, failures(rs), len(rs))
	}
	t.Flush()
}

// counts collects the instruction counts that are known.
func counts(rs []result) spread {
	var v []float64
	for _, r := range rs {
		if r.err == nil && r.icount > 0 {
			v = append(v, float64(r.icount))
		}
	}
	return spreadOf(v)
}

// ratio compares a stretch of two modes round by round.
func ratio(a, b []result, stretch func(result) cost) (cpu, wall spread) {
	var c, w []float64
	for i := range min(len(a), len(b)) {
		x, y := stretch(a[i]), stretch(b[i])
		if a[i].err == nil && b[i].err == nil && y.cpu > 0 && y.wall > 0 {
			c = append(c, x.cpu/y.cpu)
			w = append(w, x.wall/y.wall)
		}
	}
	return spreadOf(c), spreadOf(w)
}
