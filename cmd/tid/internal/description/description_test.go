package description_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/cmd/tid/internal/description"
	"github.com/vismatid/tid/tidtest"
)

func operations(t *testing.T) map[string]*description.Operation {
	t.Helper()
	all, err := description.Operations()
	require.NoError(t, err)
	byName := map[string]*description.Operation{}
	for _, o := range all {
		byName[o.String()] = o
	}
	return byName
}

func TestEveryOperationOfTheAPIIsRead(t *testing.T) {
	all := operations(t)
	for _, name := range tidtest.Operations() {
		if assert.Contains(t, all, name) {
			o := all[name]
			assert.NotEmpty(t, o.ID, name)
			assert.NotEmpty(t, o.Summary, name)
			assert.NotEmpty(t, o.PathKnown, name)
		}
	}
}

func TestAListKnowsItsRowsFiltersAndSortKeys(t *testing.T) {
	o := operations(t)["GET /v1/Core/Contacts"]
	require.NotNil(t, o.Item())
	assert.Equal(t, "ContactSummary", o.Item().Name)
	assert.Equal(t, []string{"name", "customerNumber", "created", "updated"}, o.SortKeys())
	require.Len(t, o.Filters(), 3)
	relations := o.Filters()[2]
	assert.Equal(t, "filter.relations", relations.Name)
	assert.True(t, relations.Schema.Is("array"))
	assert.Contains(t, relations.Schema.Items.Enum, "customer")

	name := o.Item().Property("contactType")
	assert.True(t, name.Open, "unknown kinds can come")
	assert.Equal(t, description.Inferred, o.Item().Property("website").Evidence)
	assert.True(t, o.Item().Property("company").Is("null"))
	assert.NotNil(t, o.Item().Property("company").Property("name"), "the parts of a reference are known")
}

func TestADetailHasTheRowAndMore(t *testing.T) {
	o := operations(t)["GET /v1/Core/Contacts/{id}"]
	assert.Nil(t, o.Item())
	assert.NotNil(t, o.Answer.Property("customerNumber"))
	assert.NotNil(t, o.Answer.Property("contactPersons"))
	require.Len(t, o.PathParameters(), 1)
	assert.Equal(t, "id", o.PathParameters()[0].Name)
}

func TestBodiesAndFilesAreTold(t *testing.T) {
	all := operations(t)
	body := all["POST /v1/Core/TimeReports"].Body
	require.NotNil(t, body)
	assert.Equal(t, []string{"userId", "date"}, body.Required)
	assert.True(t, body.Property("hours").Is("number"))
	assert.True(t, all["GET /v1/Core/Offers/{id}/Download"].File)
	assert.False(t, all["GET /v1/Core/Offers"].File)
}
