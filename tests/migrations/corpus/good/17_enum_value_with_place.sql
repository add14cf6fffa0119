alter type depot.state add value if not exists 'returned' before 'lost';
