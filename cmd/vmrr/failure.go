// SPDX-License-Identifier: GPL-2.0-or-later

package main

import "errors"

// also adds what failed afterwards to err, but what err says already: a log or a
// store that fails says so to each who asks, and to who closes it.
func also(err, more error) error {
	if more == nil {
		return err
	}
	if all, ok := more.(interface{ Unwrap() []error }); ok {
		for _, one := range all.Unwrap() {
			err = also(err, one)
		}
		return err
	}
	if errors.Is(err, more) {
		return err
	}
	return errors.Join(err, more)
}
