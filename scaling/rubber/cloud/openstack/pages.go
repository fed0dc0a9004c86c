package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
)

// maxPages bounds a list, of a thousand things a page by default.
const maxPages = 1000

// all reads every page of a list, or fails. A page of Nova or Neutron is
//
//	{"servers": [...], "servers_links": [{"rel": "next", "href": "http://…/servers/detail?marker=…"}]}
//
// and one of Glance {"images": [...], "next": "/v2/images?marker=…"}. Of a link
// only the query is used: services behind a proxy do not know their own address.
func all[T any](ctx context.Context, client *gophercloud.ServiceClient, path string, query url.Values, key string) ([]T, error) {
	list := []T{}
	asked := map[string]bool{}
	for next := query.Encode(); ; {
		if asked[next] || len(asked) == maxPages {
			return nil, fmt.Errorf("list of %s does not end: page %q after %d others", key, next, len(asked))
		}
		asked[next] = true
		address := client.ServiceURL(path)
		if next != "" {
			address += "?" + next
		}
		var page map[string]json.RawMessage
		if _, err := client.Get(ctx, address, &page, nil); err != nil {
			return nil, err
		}
		// An answer without its list is no empty list.
		text, there := page[key]
		var some *[]T
		if there {
			if err := json.Unmarshal(text, &some); err != nil {
				return nil, fmt.Errorf("list of %s: %w", key, err)
			}
		}
		if some == nil {
			return nil, fmt.Errorf("the answer has no list of %s", key)
		}
		list = append(list, *some...)
		link, err := nextLink(page, key)
		if err != nil {
			return nil, fmt.Errorf("list of %s: %w", key, err)
		}
		if link == "" || len(*some) == 0 {
			return list, nil
		}
		u, err := url.Parse(link)
		if err != nil {
			return nil, fmt.Errorf("list of %s: next page: %w", key, err)
		}
		next = u.RawQuery
	}
}

// nextLink is where the next page is, "" after the last.
func nextLink(page map[string]json.RawMessage, key string) (string, error) {
	if text, ok := page["next"]; ok {
		var link string
		err := json.Unmarshal(text, &link)
		return link, err
	}
	text, ok := page[key+"_links"]
	if !ok {
		return "", nil
	}
	var links []gophercloud.Link
	if err := json.Unmarshal(text, &links); err != nil {
		return "", err
	}
	for _, l := range links {
		if l.Rel == "next" {
			if l.Href == "" {
				return "", errors.New("a next page without an address")
			}
			return l.Href, nil
		}
	}
	return "", nil
}
