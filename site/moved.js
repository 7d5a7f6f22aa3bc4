// A link to a choice on the piece that once lay here: the piece has a folder of its own now.
if (/^#(v1\.|fluffy$|strange$|sparse$|gap-)/.test(location.hash)) location.replace(`rovers/index.html${location.hash}`);
