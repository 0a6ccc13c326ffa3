document.title = "Wharfinger";
