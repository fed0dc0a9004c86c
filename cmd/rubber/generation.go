package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/rubber/cloud/seed"
)

// generationOf names what a machine is made of, so that one made of something
// else is known to be old. Values of the environment count, and cannot be read
// back from the name; what only says how many there are does not count.
func generationOf(p rubberconfig.Profile, recipe *seed.Recipe) string {
	made, err := json.Marshal(struct {
		Queue, Image, Flavor     string
		Networks, SecurityGroups []string
		Key                      string
		Memory                   int64
		CPUs                     int
		Recipe                   *seed.Recipe
		Command                  []string
		Env                      map[string]string
		EnvFrom                  []string
		CeleryName               string
	}{p.Queue, p.Image, p.Flavor, p.Networks, p.SecurityGroups, p.Key, p.Memory, p.CPUs, recipe, p.Command, p.Env, p.EnvFrom, p.CeleryName})
	if err != nil {
		panic("BUG: a profile cannot be written down: " + err.Error())
	}
	sum := sha256.Sum256(made)
	return hex.EncodeToString(sum[:6])
}
