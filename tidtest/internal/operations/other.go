package operations

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode"

	"github.com/vismatid/tid/internal/fakehttp"
	"github.com/vismatid/tid/tidtest/internal/account"
	"github.com/vismatid/tid/tidtest/internal/schema"
	"github.com/vismatid/tid/tidtest/internal/tables"
)

// A special is an operation that is not one of the verbs that resources share.
type special struct {
	method, path string
	of           schema.ResourceID
	run          func(*Call) (fakehttp.Reply, error)
	open         bool // needs no token
}

func specials(exchange func(*Call) (fakehttp.Reply, error)) []special {
	list := []special{
		{method: "POST", path: "v1/Auth/Token", of: tables.Users, run: exchange, open: true},
		{method: "PATCH", path: "v1/Core/Invoices/{id}/SetSentToEconomySystem", of: tables.Invoices, run: setSentToEconomySystem},
		{method: "GET", path: "v1/Core/Offers/{id}/Download", of: tables.Offers, run: downloadOffer},
		{method: "GET", path: "v1/Core/ProjectCollections/{id}/NextProjectNumber", of: tables.ProjectCollections, run: nextNumberOfCollection},
		{method: "GET", path: "v1/Core/Projects/NextProjectNumber", of: tables.Projects, run: nextNumber},
		{method: "GET", path: "v1/Core/Projects/{id}/TimeCalculation", of: tables.Projects, run: timeCalculation},
		{method: "GET", path: "v1/Core/Tasks/{taskId}/Attachments/{id}/Download", of: tables.TaskAttachments, run: downloadAttachment},
		{method: "POST", path: "v1/Core/SupplierInvoices/Unhandled", of: tables.UnhandledInvoices, run: createOne},
		{method: "GET", path: "v1/Admin/BookingProjects/ByBookingNumber/{bookingNumber}", of: tables.BookingProjects, run: byBookingNumber},
	}
	for word, kind := range articleKinds {
		path := "v1/Admin/Articles/" + word
		list = append(list,
			special{method: "POST", path: path, of: tables.Articles, run: func(c *Call) (fakehttp.Reply, error) { return storeArticle(c, nil, kind) }},
			special{method: "PUT", path: path + "/{id}", of: tables.Articles, run: func(c *Call) (fakehttp.Reply, error) {
				old, err := c.target()
				if err != nil {
					return fakehttp.Reply{}, err
				}
				return storeArticle(c, old, kind)
			}},
		)
	}
	return list
}

// articleKinds are the kinds of articles as their paths spell them.
var articleKinds = map[string]string{
	"Addition": "addition", "Allowance": "allowance", "Equipment": "equipment", "Material": "material", "Time": "time",
}

// storeArticle creates or updates an article of a kind. Under the path of another kind the article is not found.
func storeArticle(c *Call, old *schema.Record, word string) (fakehttp.Reply, error) {
	f := c.Op.Resource.Schema.Field("articleType")
	kind, _ := f.Word(word)
	if old != nil && old.Num(f) != kind {
		return fakehttp.Reply{}, account.NotFound("There is no %s article with the id %d.", word, old.ID)
	}
	return c.store(old, func(ch *account.Change) { ch.New.SetNum(f, kind) })
}

func setSentToEconomySystem(c *Call) (fakehttp.Reply, error) {
	old, err := parseAndFind(c, c.Args[0])
	if err != nil {
		return fakehttp.Reply{}, err
	}
	day, err := schema.ParseWall(c.query.First("date"))
	if err != nil {
		return fakehttp.Reply{}, account.Invalid(schema.Problems{"date": {err.Error()}})
	}
	res := c.Op.Resource
	r := old.Clone()
	r.SetNum(res.Schema.Field("sentToEconomySystem"), schema.PackWall(schema.DayOf(day)))
	r.SetOther(res.Schema.Field("economySystemInvoiceNumber"), c.query.First("economySystemInvoiceNumber"))
	res.Put(r)
	return Empty(), nil
}

// parseAndFind returns the object of the operation's resource that has the id in text.
func parseAndFind(c *Call, text string) (*schema.Record, error) {
	id, err := ParseID(text)
	if err != nil {
		return nil, err
	}
	return c.one(c.Op.Resource, id)
}

func nextNumber(c *Call) (fakehttp.Reply, error) {
	return RawJSON(http.StatusOK, c.Style().ProjectNumber(tables.NextProjectNumber(c.Account, schema.None))), nil
}

func nextNumberOfCollection(c *Call) (fakehttp.Reply, error) {
	collection, err := parseAndFind(c, c.Args[0])
	if err != nil {
		return fakehttp.Reply{}, err
	}
	return RawJSON(http.StatusOK, c.Style().ProjectNumber(tables.NextProjectNumber(c.Account, collection.ID))), nil
}

func timeCalculation(c *Call) (fakehttp.Reply, error) {
	project, err := parseAndFind(c, c.Args[0])
	if err != nil {
		return fakehttp.Reply{}, err
	}
	res := c.Resource(tables.TimeCalculations)
	r := res.Find(project.ID)
	if r == nil {
		r = res.Schema.NewRecord()
		r.SetNum(res.Schema.Field("isTotal"), 1)
	}
	return c.answer(res, r), nil
}

func byBookingNumber(c *Call) (fakehttp.Reply, error) {
	number := c.Op.Resource.Schema.Field("bookingNumber")
	for _, r := range c.Op.Resource.Sorted {
		if r.Text(number) == c.Args[0] {
			return c.answer(c.Op.Resource, r), nil
		}
	}
	return fakehttp.Reply{}, account.NotFound("There is no booking project with the number %q.", c.Args[0])
}

// download is the answer that is a file.
func download(f account.File) fakehttp.Reply {
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": f.Name})
	header := http.Header{"Content-Type": {f.ContentType}, "Content-Disposition": {disposition}}
	return fakehttp.Reply{Status: http.StatusOK, Header: header, Body: f.Content}
}

func downloadOffer(c *Call) (fakehttp.Reply, error) {
	r, err := parseAndFind(c, c.Args[0])
	if err != nil {
		return fakehttp.Reply{}, err
	}
	if f, ok := c.Contents[tables.Offers][r.ID]; ok {
		return download(f), nil
	}
	of := c.Op.Resource.Schema
	if r.Num(of.Field("hasPdf")) == 0 {
		return fakehttp.Reply{}, account.NotFound("The offer %d has no PDF.", r.ID)
	}
	number, title := max(0, r.Num(of.Field("offerNumber"))), r.Text(of.Field("title"))
	name := fmt.Sprintf("Offert %d-%d.pdf", number, r.Num(of.Field("version")))
	return download(account.File{Name: name, ContentType: "application/pdf", Content: smallPDF(fmt.Sprintf("Offert %d: %s", number, title))}), nil
}

func downloadAttachment(c *Call) (fakehttp.Reply, error) {
	r, err := c.target()
	if err != nil {
		return fakehttp.Reply{}, err
	}
	if f, ok := c.Contents[tables.TaskAttachments][r.ID]; ok {
		return download(f), nil
	}
	of := c.Op.Resource.Schema
	if r.Num(of.Field("provider")) != schema.None || r.Text(of.Field("url")) != "" {
		return fakehttp.Reply{}, account.NotFound("The attachment %d is a link: its content is not here.", r.ID)
	}
	f := account.File{Name: r.Text(of.Field("name")), ContentType: r.Text(of.Field("contentType"))}
	if f.ContentType == "" {
		f.ContentType = "application/octet-stream"
	}
	size := max(0, r.Num(of.Field("size")))
	f.Content = []byte(strings.Repeat("tidtest\n", int(size)/8+1)[:size])
	return download(f), nil
}

// smallPDF is a document of one page with one line on it.
func smallPDF(line string) []byte {
	line = strings.Map(func(r rune) rune {
		if r > unicode.MaxLatin1 || r < ' ' || strings.ContainsRune(`()\`, r) {
			return '?'
		}
		return r
	}, line)
	latin := make([]byte, 0, len(line))
	for _, r := range line {
		latin = append(latin, byte(r))
	}
	page := fmt.Sprintf("BT /F1 14 Tf 60 760 Td (%s) Tj ET", latin)
	var pdf strings.Builder
	pdf.WriteString("%PDF-1.4\n")
	var starts []int
	for i, body := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(page), page),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	} {
		starts = append(starts, pdf.Len())
		fmt.Fprintf(&pdf, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	index := pdf.Len()
	fmt.Fprintf(&pdf, "xref\n0 %d\n0000000000 65535 f \n", len(starts)+1)
	for _, at := range starts {
		fmt.Fprintf(&pdf, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&pdf, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(starts)+1, index)
	return []byte(pdf.String())
}
