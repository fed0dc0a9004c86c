//go:build integration

package engine

func init() { kills = 20 }
