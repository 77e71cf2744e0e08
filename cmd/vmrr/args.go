// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// newFlags returns the flag set of a subcommand, whose help goes to out.
func newFlags(out io.Writer, name, args, about string) *pflag.FlagSet {
	f := pflag.NewFlagSet("vmrr "+name, pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {
		fmt.Fprintf(out, "Usage: vmrr %s\n\n%s\n\n%s", strings.TrimSpace(name+" "+args), about, f.FlagUsages())
	}
	return f
}

// parse parses a subcommand's arguments, QEMU's way of writing them included, and
// returns what is left: at most max words.
func parse(f *pflag.FlagSet, args []string, max int) ([]string, error) {
	args, err := doubleDashes(f, args)
	if err != nil {
		return nil, err
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil, err
		}
		return nil, usagef("%w; `%s --help` lists the options", err, f.Name())
	}
	if rest := f.Args(); len(rest) > max {
		return nil, usagef("%q is one word too many; `%s --help` tells the usage", rest[max], f.Name())
	}
	return f.Args(), nil
}

// doubleDashes gives every known long option that has one dash, as QEMU users
// type it, its second: -kernel becomes --kernel. A shorthand of one letter stays,
// and so does everything behind "--" and every value. A longer word with one dash
// that is not known is an error, not a bundle of shorthands.
func doubleDashes(f *pflag.FlagSet, args []string) ([]string, error) {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return append(out, args[i:]...), nil
		}
		word := strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-")
		name, _, hasValue := strings.Cut(word, "=")
		flag := f.Lookup(name)
		if flag == nil && len(name) > 1 && len(a) == len(word)+1 && name != "help" {
			return nil, usagef("-%s is no option of %s; `%s --help` lists them", name, f.Name(), f.Name())
		}
		if len(a) == len(word) || name == "" || flag == nil && len(name) > 1 {
			out = append(out, a)
			continue
		}
		if len(name) == 1 {
			flag = f.ShorthandLookup(name)
			out = append(out, a)
		} else {
			out = append(out, "--"+word)
		}
		// A value in the next word is not an option, whatever it looks like.
		if flag != nil && !hasValue && flag.NoOptDefVal == "" && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out, nil
}
