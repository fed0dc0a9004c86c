package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/seed"
)

// maxUserFile bounds a file that goes into user data.
const maxUserFile = 1 << 20

// controllerConfig is what the controller takes of a configuration. Files of
// user data are read here, so that what is missing is known at once.
func controllerConfig(c *rubberconfig.Config) (rubber.Config, error) {
	cfg := rubber.Config{Interval: c.Planner.Interval, Cap: c.Cap, Mode: c.Mode, Settings: c.Planner, Limits: c.Limits}
	for _, a := range c.Adopt {
		cfg.Adopt = append(cfg.Adopt, rubber.Adoption(a))
	}
	for _, p := range c.Profiles {
		one, err := controllerProfile(p, driverOf(c, p.Cloud))
		if err != nil {
			return rubber.Config{}, fmt.Errorf("profile %q: %w", p.Name, err)
		}
		cfg.Profiles = append(cfg.Profiles, one)
	}
	return cfg, nil
}

func driverOf(c *rubberconfig.Config, name string) string {
	for _, one := range c.Clouds {
		if one.Name == name {
			return one.Driver
		}
	}
	return ""
}

func controllerProfile(p rubberconfig.Profile, driver string) (rubber.Profile, error) {
	env := maps.Clone(p.Env)
	if env == nil {
		env = map[string]string{}
	}
	for _, name := range p.EnvFrom {
		value, ok := os.LookupEnv(name)
		if !ok {
			return rubber.Profile{}, fmt.Errorf("env_from: rubber's environment has no %s: set it in the unit, or leave it out", name)
		}
		env[name] = value
	}
	recipe, err := recipeOf(p.UserData)
	if err != nil {
		return rubber.Profile{}, err
	}
	if driver == "openstack" {
		recipe.Limit = seed.NovaLimit
	}
	one := rubber.Profile{
		Name: p.Name, Queue: p.Queue, Broker: p.Broker, Cloud: p.Cloud,
		Spec: cloud.Spec{
			Image: p.Image, Flavor: p.Flavor, Networks: p.Networks, SecurityGroups: p.SecurityGroups, Key: p.Key,
			Memory: p.Memory, CPUs: p.CPUs, Command: p.Command, Env: env,
		},
		UserData: func(s cloud.Spec) ([]byte, error) { return recipe.Make(wordsOf(p, s, env), env) },
		Share:    p.Share, Weight: p.Weight, Min: p.Min, Max: p.Max, Slots: p.Slots, Memory: p.Memory,
		Ratio: p.SpawnRatio, Threshold: p.BackorderAllowed, NetworkBound: p.NetworkBound, Warm: p.Warm,
		BootTime: p.BootTime, TaskTime: p.TaskTime,
	}
	for _, w := range p.Schedule {
		one.Schedule = append(one.Schedule, rubber.Window(w))
	}
	if one.Generation = p.Generation; one.Generation == "" {
		one.Generation = generationOf(p, recipe)
	}
	return one, nil
}

// wordsOf are the words of a template for one machine. Those of the
// environment come first, so that none hides what only rubber knows.
func wordsOf(p rubberconfig.Profile, s cloud.Spec, env map[string]string) seed.Words {
	words := maps.Clone(seed.Words(env))
	maps.Copy(words, seed.Words{
		"QUEUE_NAME": p.Queue, "PROFILE": p.Name, "NAME": s.Name, "INTENT": s.Intent, "GENERATION": s.Generation, "OWNER": s.Owner,
		"CELERY_NAME": strings.ReplaceAll(p.CeleryName, "{name}", s.Name),
	})
	return words
}

// recipeOf reads the files of user data.
func recipeOf(u rubberconfig.UserData) (*seed.Recipe, error) {
	r := &seed.Recipe{Gzip: u.Gzip}
	main, name := []byte(u.Text), "user-data"
	if u.Template != "" {
		var err error
		if main, err = readUserFile(u.Template); err != nil {
			return nil, err
		}
		name = filepath.Base(u.Template)
	}
	if len(main) > 0 {
		r.Parts = append(r.Parts, seed.Part{Name: name, Content: main, Fill: true})
	}
	for _, part := range u.Parts {
		content, err := readUserFile(part.File)
		if err != nil {
			return nil, err
		}
		mime := part.Type
		if mime != "" && !strings.Contains(mime, "/") {
			mime = "text/" + mime
		}
		r.Parts = append(r.Parts, seed.Part{Name: filepath.Base(part.File), Type: mime, Content: content, Fill: true})
	}
	for _, f := range u.Files {
		content := []byte(f.Text)
		if f.File != "" {
			var err error
			if content, err = readUserFile(f.File); err != nil {
				return nil, err
			}
		}
		r.Files = append(r.Files, seed.File{Path: f.Path, Content: content, Mode: f.Mode})
	}
	return r, nil
}

func readUserFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("user data: %w", err)
	}
	if info.Size() > maxUserFile || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("user data: %s: want a file of at most %d bytes", path, maxUserFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("user data: %w", err)
	}
	return text, nil
}
