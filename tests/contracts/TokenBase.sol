// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Balances shared by the test tokens. Anybody may mint: these contracts only ever live on a test chain.
/// Each token logs in its own way, so the log is left to the child.
abstract contract TokenBase {
    string public name;
    string public symbol;
    uint8 public decimals;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function mint(address to, uint256 value) external {
        totalSupply += value;
        balanceOf[to] += value;
        _log(address(0), to, value);
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        return true;
    }

    function _log(address from, address to, uint256 value) internal virtual;

    function _take(address from, uint256 value) internal {
        require(balanceOf[from] >= value, "balance too low");
        balanceOf[from] -= value;
    }

    function _spend(address owner, uint256 value) internal {
        require(allowance[owner][msg.sender] >= value, "allowance too low");
        allowance[owner][msg.sender] -= value;
    }
}

/// The standard log: sender and recipient indexed, the amount in the data.
abstract contract TokenIndexed is TokenBase {
    event Transfer(address indexed from, address indexed to, uint256 value);

    function _log(address from, address to, uint256 value) internal override {
        emit Transfer(from, to, value);
    }
}
