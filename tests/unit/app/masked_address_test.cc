#include "engine/app/masked_address.h"

#include <gtest/gtest.h>

namespace skald::app {
namespace {

TEST(MaskedAddressTest, PasswordsOfUrlsAreNotShown) {
  EXPECT_EQ(MaskPassword("postgresql://ann:s3cret@db:5432/x"),
            "postgresql://ann:********@db:5432/x");
  EXPECT_EQ(MaskPassword("postgresql://ann:s3@cre?t@db/x"), "postgresql://ann:********@db/x");
  EXPECT_EQ(MaskPassword("postgresql://ann@db/x?password=s3cret&sslmode=require"),
            "postgresql://ann@db/x?password=********&sslmode=require");
  EXPECT_EQ(MaskPassword("postgresql://db/x?sslpassword=s3cret"),
            "postgresql://db/x?sslpassword=********");
}

// libpq refuses it; it is shown all the same.
TEST(MaskedAddressTest, UrlWithASlashInItsPasswordIsNotShown) {
  EXPECT_EQ(MaskPassword("postgresql://ann:s3/cret@db/x"), "postgresql://ann:********@db/x");
}

TEST(MaskedAddressTest, PasswordsOfConnectionStringsAreNotShown) {
  EXPECT_EQ(MaskPassword("host=db password=s3\"cret user=ann"),
            "host=db password=******** user=ann");
  EXPECT_EQ(MaskPassword("host=db password = 's3 c\\'ret' user=ann"),
            "host=db password = ******** user=ann");
  EXPECT_EQ(MaskPassword("password=s3\\ c&ret\tuser=ann"), "password=********\tuser=ann");
  EXPECT_EQ(MaskPassword("password\t=\ts3cret\nuser=ann"), "password\t=\t********\nuser=ann");
  EXPECT_EQ(MaskPassword("password='s3cret"), "password=********");
  EXPECT_EQ(MaskPassword("password="), "password=********");
}

TEST(MaskedAddressTest, WhatHoldsNoPasswordStaysAsItIs) {
  for (const char* address :
       {"", "postgresql://", "postgresql://ann@db:5432/x", "postgresql://db:5432/x",
        "host=/run/postgresql user=ann dbname=password"}) {
    EXPECT_EQ(MaskPassword(address), address);
  }
}

}  // namespace
}  // namespace skald::app
