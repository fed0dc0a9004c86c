// Package pagetest looks at pages in a real Chromium without a window, for
// tests: what is shown, what the browser complains about, and whom it asks.
package pagetest
