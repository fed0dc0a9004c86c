package main

import (
	"log/slog"
	"testing"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/rubber/cloud"
)

// TestAncestorsCloudAdopts: the ancestor knew OpenStack alone, so that is the
// cloud whose machines can be adopted.
func TestAncestorsCloudAdopts(t *testing.T) {
	c, err := newCloud(rubberconfig.Cloud{Name: "c", Driver: "openstack", OpenStack: rubberconfig.OpenStack{Cloud: "c"}}, "rubber", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, ok := c.(cloud.Adopter); !ok {
		t.Errorf("%T is no cloud.Adopter: nothing of the ancestor's can be taken over", c)
	}
}
