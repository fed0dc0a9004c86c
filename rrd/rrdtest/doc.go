// Package rrdtest builds updates for tests from a short notation, in the
// form of any toolstack since 2013.
//
//	doc := rrdtest.Update(1766000100, 60,
//		"vm/5d0c...e1/cpu0           0.5x3 _ 0.9",
//		"MAX:host/b9a7...c2/loadavg  1+0.5x3 NaN")
//	body := doc.XML(rrdtest.Head)
//
// Update takes the Unix time of the oldest row, the step in seconds, and one
// string a column: what it is, then its values, oldest first, separated by
// spaces.
//
// What a column is: CLASS/UUID/NAME, with AVERAGE for the consolidation
// function, or CF:CLASS/UUID/NAME. The name may contain '/' and ':', but no
// space.
//
// The values, in the notation of Prometheus's rule tests:
//
//	0.5       a number as Go reads it, NaN and inf included
//	_         missing: the column has NaN in that row
//	AxN       A, then A repeated N times more: N+1 values, as in Prometheus
//	_xN       N missing values (not one more, again as in Prometheus)
//	A+BxN     A, A+B, A+2B, ... A+N*B: N+1 values
//	A-BxN     A, A-B, A-2B, ... A-N*B: N+1 values
//
// so that "1x4" is 1 1 1 1 1, "_x3" is _ _ _, and "0+10x3" is 0 10 20 30.
// A column shorter than the longest is missing in the newest rows.
//
// A notation that makes no sense is a mistake in the test itself: it panics.
package rrdtest
